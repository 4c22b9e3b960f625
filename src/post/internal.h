/* internal.h - what the files of the post room share. */
#ifndef MAYFLY_POST_INTERNAL_H
#define MAYFLY_POST_INTERNAL_H

#include <curl/curl.h>

#include <mayfly/post.h>

struct mf_post_headers {
    struct curl_slist *first;
};

#endif
