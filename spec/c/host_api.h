/* host_api.h - what the files of the host have in common; see host_api.c. */
#ifndef HOST_API_H
#define HOST_API_H

#include <cmml.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { LIMIT = 8, LIST = 6 };

/* How many checks there were, and how many of them failed. */
extern int checks, failures;

#define CHECK(what)                                   \
    do {                                              \
        checks++;                                     \
        if (!(what)) {                                \
            failures++;                               \
            printf("line %d: %s\n", __LINE__, #what); \
        }                                             \
    } while (0)

/* Limits and queries of which all other fields are 0. */
cmml_limits limits_of(int32_t support, int32_t list, int32_t block, size_t memory);
cmml_query query_of(int32_t n);

/* A model, or a predictor with the limits above; what cannot be made ends the host. */
cmml_model *opened(const char *path);
cmml_predictor *predictor_of(cmml_model *model);

/* Whether the last error has this text. */
int said(const cmml_predictor *predictor, const char *text);

/* Whether numbers are the same to the last bit. */
int same(const float *a, const float *b, size_t n);

/* What is tested of lists, texts and threads, in files of their own. */
void test_lists(cmml_model *model);
void test_two_parts(cmml_model *model);
void test_each(cmml_model *model, cmml_predictor *predictor, cmml_context *person);
void test_support(cmml_predictor *predictor);
void test_earlier(cmml_model *model, cmml_context *person);
void test_texts(cmml_model *model, cmml_model *foreign);
void test_threads(cmml_model *model);
void test_busy(cmml_model *model);

#endif
