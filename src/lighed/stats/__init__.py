"""Statistics of inequality on plain arrays: numpy in, numpy out, the last axis is reduced.

Leading axes are areas, periods, indicators or draws. Nothing here touches a file, a table or a database.
"""

# The families of measures, in the order in which they are listed to readers.
# isort: off
from lighed.stats.gaps import difference, ratio
from lighed.stats.gradients import relative_index, relative_index_log, relative_index_mean, slope_index
from lighed.stats.concentration import (
    concentration_index,
    achievement_index,
    erreygers_index,
    extended_concentration_index,
    generalised_concentration_index,
    modified_concentration_index,
    symmetric_concentration_index,
    wagstaff_index,
)
from lighed.stats.impact import attributable_fraction, attributable_number, attributable_risk, potential_impact
from lighed.stats.dispersion import (
    between_group_deviation,
    between_group_variance,
    coefficient_of_variation,
    mean_difference_from_mean,
    mean_difference_from_mean_weighted,
    mean_difference_from_best,
    mean_difference_from_best_weighted,
    index_of_disparity,
    index_of_disparity_weighted,
    mean_log_deviation,
    theil_index,
    gini_index,
    between_and_within,
)
# isort: on

from lighed.stats.contributions import Contributions, Largest, by_part, fewest
from lighed.stats.control import RULES, Chart, laney, p_prime, u_prime, xmr
from lighed.stats.decompose import between_within, kitagawa, life_expectancy_gap, shapley, stepwise
from lighed.stats.determinants import by_determinant, moments, oaxaca
from lighed.stats.evaluate import FEWEST_EVENTS_RELATIVE, change, evaluate, residual_variance
from lighed.stats.funnel import (
    dispersion_of_proportions,
    dispersion_of_ratios,
    limits_of_proportions,
    limits_of_ratios,
    overdispersion,
    significance,
)
from lighed.stats.groups import Polarity, arrange, average, quantile, ridit, share
from lighed.stats.intervals import Values, fieller
from lighed.stats.lifetable import (
    LifeTable,
    healthy_life_years,
    life_expectancy,
    life_table,
    life_years_lost,
    lifespan_deviation,
    lifespan_gini,
    lifespan_variation,
)
from lighed.stats.persons import Moments, fractional_rank, index_of_moments, index_of_persons
from lighed.stats.rates import direct, indirect, mean, proportion, rate, repeated
from lighed.stats.registry import MEASURES, Measure
from lighed.stats.regression import Indices, linked_line, regression
from lighed.stats.segregation import (
    dissimilarity,
    exposure,
    gini_segregation,
    isolation,
    local_segregation,
    mutual_information,
    theil_segregation,
)
from lighed.stats.shape import Departure, index_of_relative_rank, linearity, monotonicity
from lighed.stats.simulate import bootstrap, simulate
from lighed.stats.survey import Joint, Sample
from lighed.stats.trend import (
    TrendTest,
    change_between,
    covariance_of_shares,
    direction,
    diverges,
    linear_trend,
    monotone_trend,
    trend_of_proportions,
)

__all__ = [
    "FEWEST_EVENTS_RELATIVE",
    "MEASURES",
    "RULES",
    "Chart",
    "Contributions",
    "Departure",
    "Indices",
    "Joint",
    "Largest",
    "LifeTable",
    "Measure",
    "Moments",
    "Polarity",
    "Sample",
    "TrendTest",
    "Values",
    "achievement_index",
    "arrange",
    "attributable_fraction",
    "attributable_number",
    "attributable_risk",
    "average",
    "between_and_within",
    "between_group_deviation",
    "between_group_variance",
    "between_within",
    "bootstrap",
    "by_determinant",
    "by_part",
    "change",
    "change_between",
    "coefficient_of_variation",
    "concentration_index",
    "covariance_of_shares",
    "difference",
    "direct",
    "direction",
    "dispersion_of_proportions",
    "dispersion_of_ratios",
    "dissimilarity",
    "diverges",
    "erreygers_index",
    "evaluate",
    "exposure",
    "extended_concentration_index",
    "fewest",
    "fieller",
    "fractional_rank",
    "generalised_concentration_index",
    "gini_index",
    "gini_segregation",
    "healthy_life_years",
    "index_of_disparity",
    "index_of_disparity_weighted",
    "index_of_moments",
    "index_of_persons",
    "index_of_relative_rank",
    "indirect",
    "isolation",
    "kitagawa",
    "laney",
    "life_expectancy",
    "life_expectancy_gap",
    "life_table",
    "life_years_lost",
    "lifespan_deviation",
    "lifespan_gini",
    "lifespan_variation",
    "limits_of_proportions",
    "limits_of_ratios",
    "linear_trend",
    "linearity",
    "linked_line",
    "local_segregation",
    "mean",
    "mean_difference_from_best",
    "mean_difference_from_best_weighted",
    "mean_difference_from_mean",
    "mean_difference_from_mean_weighted",
    "mean_log_deviation",
    "modified_concentration_index",
    "moments",
    "monotone_trend",
    "monotonicity",
    "mutual_information",
    "oaxaca",
    "overdispersion",
    "p_prime",
    "potential_impact",
    "proportion",
    "quantile",
    "rate",
    "ratio",
    "regression",
    "relative_index",
    "relative_index_log",
    "relative_index_mean",
    "repeated",
    "residual_variance",
    "ridit",
    "shapley",
    "share",
    "significance",
    "simulate",
    "slope_index",
    "stepwise",
    "symmetric_concentration_index",
    "theil_index",
    "theil_segregation",
    "trend_of_proportions",
    "u_prime",
    "wagstaff_index",
    "xmr",
]
