/* factor_analysis.h - factor analysis of ratings, most of which are missing, by the EM algorithm.
 *
 * A rating of item i is m_i + l_i . z + e: the factors z of a user are normal with unit variance,
 * the noise e is normal with the variance psi_i. A user's posterior of z is normal and follows from
 * the items that were rated; the parameters of each item follow from its users' posteriors
 * (Rubin and Thayer, Psychometrika 1982; of missing ratings: Canny, SIGIR 2002). */
#ifndef CM_FACTOR_ANALYSIS_H
#define CM_FACTOR_ANALYSIS_H

#include "cf/residuals.h"

/* The parameters of the items. Contiguous. */
typedef struct cm_item_factors {
    cm_tensor *loadings; /* [items, factors]: l */
    cm_tensor *means;    /* [items]: m */
    cm_tensor *noise;    /* [items]: psi, above 0 */
} cm_item_factors;

/* What the parameters are pulled to, in imaginary ratings: the log likelihood is reduced, for each
 * item that was rated, by
 *
 *    1/2 sum_j strength_j (w_j - centre_j)^2 / psi + noise_strength / 2 (log (psi / noise)
 *                                                                       + noise / psi - 1)
 *
 * with w = (l, m). The strength is loading_strength, of the mean mean_strength. */
typedef struct cm_factor_prior {
    const cm_tensor *centre;                /* [factors + 1]: of the loadings, then of the mean */
    double loading_strength, mean_strength; /* not negative */
    double noise, noise_strength;           /* above 0 */
} cm_factor_prior;

/* What the parameters before a sweep are worth. */
typedef struct cm_factor_fit {
    double log_likelihood; /* of all ratings */
    double penalty;        /* of the parameters; log_likelihood - penalty never decreases */
} cm_factor_fit;

/* One iteration of EM: the posteriors of all users under the parameters `from`, and the parameters
 * that fit them best, into *to (new tensors of the open scope). An item without ratings gets the
 * centre and the noise of the prior. ratings: one segment per user, columns are items; where one is
 * there twice, both count. Sums run in double over users in order.
 *
 * The work is, for f factors and n ratings, about 2 f^2 n operations and 3 f^3 for each user and
 * item; memory is 4 (f + 1) (f + 2) + 8 f + 24 bytes an item. Refused: shapes that do not go
 * together, a noise of `from` or of the prior that is not above 0, and numbers that overflow. */
bool cm_factor_sweep(cm_ctx *cx, const cm_residuals *ratings, const cm_item_factors *from,
                     const cm_factor_prior *prior, cm_item_factors *to,
                     cm_factor_fit *fit) CM_MUST_CHECK;

#endif
