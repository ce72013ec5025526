/* families.c - the families of metrics that the core computes. */
#include "metrics/family.h"

const cm_metric_family *const cm_metric_families[] = {&cm_rating_metrics, &cm_ranking_metrics,
                                                      NULL};
