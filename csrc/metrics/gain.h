/* gain.h - what a row of a ranked list counts by its label. */
#ifndef CM_GAIN_H
#define CM_GAIN_H

/* The exponential gain 2^label - 1 of a row, divided by 2^largest, where `largest` is the largest
 * label of its list and above 0: an NDCG is a ratio of such gains, in which the divisor cancels,
 * and so nothing overflows, however large the labels are. A label of 0 or below has gain 0: such a
 * row is as good as none, and never worse, so that an NDCG lies between 0 and 1. Accurate for
 * labels near 0, too. */
double cm_gain_exp(double label, double largest);

#endif
