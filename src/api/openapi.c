/* openapi.c - /openapi.json: the hand-written description of this API, as it stands in src/api/openapi.json. */
#include "internal.h"

/* MF_OPENAPI_PATH comes from CMake. */
__asm__(".section .rodata\n"
        ".global mf_openapi_begin\n"
        ".global mf_openapi_end\n"
        "mf_openapi_begin:\n"
        ".incbin \"" MF_OPENAPI_PATH "\"\n"
        "mf_openapi_end:\n"
        ".byte 0\n"
        ".previous\n");

extern const uint8_t mf_openapi_begin[];
extern const uint8_t mf_openapi_end[];

void mf__openapi_get(struct mf_api *api, struct mf_exchange *exchange)
{
    (void)api;
    mf__json_reply(exchange, 200, mf_slice_of(mf_openapi_begin, (size_t)(mf_openapi_end - mf_openapi_begin)));
}
