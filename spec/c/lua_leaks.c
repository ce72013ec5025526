/* lua_leaks.so, preloaded beside the address sanitizer: looks for leaks at the end of each process
 * that is a Lua interpreter, and of no other. The programs of the system that specs start (shells,
 * compilers, localedef) do not free what they end with; with leak_check_at_exit=0 nobody asks them.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdlib.h>

void __lsan_do_leak_check(void);

__attribute__((constructor)) static void look_at_the_end(void)
{
    if (dlsym(RTLD_DEFAULT, "lua_newstate"))
        atexit(__lsan_do_leak_check);
}
