-- Whether anything joined a fault is asked for each trace; without this all events were read each time. Few rows name one.
CREATE INDEX fault_events_merged ON fault_events (merged_into) WHERE merged_into IS NOT NULL;
