/* gain.c - see gain.h. */
#include "metrics/gain.h"
#include <math.h>

#define LN_2 0.69314718055994530942

double cm_gain_exp(double label, double largest)
{
    if (!(label > 0))
        return 0;
    /* 2^(label - largest) (1 - 2^-label) */
    return exp2(label - largest) * -expm1(-label * LN_2);
}
