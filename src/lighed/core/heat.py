"""The columns of WHO's HEAT Plus table, which is read in one place and written in another."""

COLUMNS = (
    "setting",
    "date",
    "source",
    "indicator_abbr",
    "indicator_name",
    "dimension",
    "subgroup",
    "estimate",
    "se",
    "ci_lb",
    "ci_ub",
    "population",
    "note",
    "setting_average",
    "iso3",
    "favourable_indicator",
    "indicator_scale",
    "ordered_dimension",
    "subgroup_order",
    "reference_subgroup",
)
OPTIONAL = {"se", "ci_lb", "ci_ub", "population", "note", "setting_average", "iso3"}
OLD_NAMES = {"year": "date", "flag": "note"}
