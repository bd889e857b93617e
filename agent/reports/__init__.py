"""Reports of a plan as people and spreadsheets read them."""
