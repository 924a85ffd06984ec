// Which variants this library holds and this processor can run.
#include "nanochat.h"
#include <string.h>

#ifndef NC_HAVE_AVX2
#define NC_HAVE_AVX2 0
#endif
#ifndef NC_HAVE_AVX512
#define NC_HAVE_AVX512 0
#endif

NC_EXPORT int nc_abi_version(void) { return NC_ABI_VERSION; }

NC_EXPORT int nc_variant_supported(const char *name) {
#if defined(__x86_64__)
  __builtin_cpu_init();
  if (!strcmp(name, "avx2")) return NC_HAVE_AVX2 && __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
#if NC_HAVE_AVX512 // a compiler too old for the flags doesn't know the names either
  if (!strcmp(name, "avx512"))
    return nc_variant_supported("avx2") && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
           __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512dq") &&
           __builtin_cpu_supports("avx512vnni") && __builtin_cpu_supports("avx512bf16");
#endif
#endif
  return !strcmp(name, "generic");
}
