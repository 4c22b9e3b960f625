/* intercept.h - stored workers that answer in an upstream's place: what egress calls when a rule hands a request over. */
#ifndef MAYFLY_API_INTERCEPT_H
#define MAYFLY_API_INTERCEPT_H

#include <mayfly/outbound.h>

/* Its |user| is the api. */
extern const struct mf_interceptor mf__interceptor;

#endif
