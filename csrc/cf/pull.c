/* pull.c - see pull.h. */
#include "cf/pull.h"
#include <math.h>

#define QUARTER 0.25

/* The function in steps from the smallest rating, of which there are `last`. */
static double pulled(double x, double last, double pull)
{
    if (x < QUARTER)
        return QUARTER * (1 - pull) - (QUARTER - x) * (1 - 2 * pull);
    if (x > last - QUARTER)
        return last - QUARTER * (1 - pull) + (x - last + QUARTER) * (1 - 2 * pull);
    double nearest = floor(x + 0.5), off = x - nearest;
    double bend = fabs(off) <= QUARTER ? off : copysign(0.5 - fabs(off), off);
    return x - pull * bend;
}

cm_tensor *cm_pull_scores(cm_ctx *cx, const cm_tensor *scores, const cm_rating_scale *scale,
                          double pull)
{
    if (!(scale->step > 0 && isfinite(scale->step) && isfinite(scale->smallest)) ||
        scale->steps < 1)
        return cm_fail(cx, CM_ERR_ARGUMENT,
                       "a scale of %lld steps of %g from %g: there must be steps, which must be "
                       "finite and above 0",
                       (long long)scale->steps, scale->step, scale->smallest);
    if (!(pull >= 0 && pull < 0.5))
        return cm_fail(cx, CM_ERR_ARGUMENT, "pull is %g: it must be from 0 and below 0.5", pull);
    cm_tensor *out = cm_tensor_new(cx, &scores->shape);
    for (int64_t i = 0; out && i < scores->count; i++) {
        double x = ((double)cm_data(scores)[i] - scale->smallest) / scale->step;
        cm_data(out)[i] =
            (cm_real)(scale->smallest + scale->step * pulled(x, (double)scale->steps, pull));
    }
    return out;
}
