/* replay.c - runs every file named on the command line through a fuzz target, without libFuzzer:
 * for compilers that lack it, and for measuring what the corpus covers. */
#include "fuzz.h"

/* Weak: most targets need no preparation. */
__attribute__((weak)) int LLVMFuzzerInitialize(int *argc, char ***argv);

size_t LLVMFuzzerMutate(uint8_t *data, size_t size, size_t max_size)
{
    (void)data;
    return CM_MIN(size, max_size);
}

int main(int argc, char **argv)
{
    static uint8_t data[1 << 22];
    if (LLVMFuzzerInitialize)
        LLVMFuzzerInitialize(&argc, &argv);
    for (int i = 1; i < argc; i++) {
        FILE *file = fopen(argv[i], "rb");
        if (!file) {
            perror(argv[i]);
            return 1;
        }
        size_t size = fread(data, 1, sizeof data, file);
        fclose(file);
        LLVMFuzzerTestOneInput(data, size);
    }
    printf("%d inputs\n", argc - 1);
    return 0;
}
