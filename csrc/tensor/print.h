/* print.h - a tensor as text, for people. */
#ifndef CM_PRINT_H
#define CM_PRINT_H

#include "tensor/tensor.h"

#define CM_PRINT_BYTES 4096

/* Formats the tensor: all elements of a small one, the edges of a large one, at most three columns
 * from each side; then "[cmml.Tensor 2x3 float32]". Never longer than CM_PRINT_BYTES. */
void cm_tensor_text(const cm_tensor *tensor, char buffer[CM_PRINT_BYTES]);

#endif
