// Which of Grafana's types our files are held to: the dashboard, and per kind of panel its options and its `custom` of a field.
// Partial: Grafana fills in what a file leaves out, from the defaults that stand beside these types.
import type { Dashboard, FieldConfig, GraphFieldConfig, Panel, RowPanel, TableFieldOptions } from '@grafana/schema';
import type * as bargauge from '@grafana/schema/dist/esm/raw/composable/bargauge/panelcfg/x/BarGaugePanelCfg_types.gen';
import type * as stat from '@grafana/schema/dist/esm/raw/composable/stat/panelcfg/x/StatPanelCfg_types.gen';
import type * as stateTimeline from '@grafana/schema/dist/esm/raw/composable/statetimeline/panelcfg/x/StateTimelinePanelCfg_types.gen';
import type * as table from '@grafana/schema/dist/esm/raw/composable/table/panelcfg/x/TablePanelCfg_types.gen';
import type * as timeSeries from '@grafana/schema/dist/esm/raw/composable/timeseries/panelcfg/x/TimeSeriesPanelCfg_types.gen';

export interface Checked {
  dashboard: Dashboard;
  row: RowPanel;
  panel: Panel;
  field: FieldConfig;
  options: {
    bargauge: Partial<bargauge.Options>;
    stat: Partial<stat.Options>;
    'state-timeline': Partial<stateTimeline.Options>;
    table: Partial<table.Options>;
    timeseries: Partial<timeSeries.Options>;
  };
  custom: {
    'state-timeline': Partial<stateTimeline.FieldConfig>;
    table: Partial<TableFieldOptions>;
    timeseries: Partial<GraphFieldConfig>;
  };
}
