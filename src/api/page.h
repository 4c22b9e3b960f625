/* page.h - a page of a list of rows of the store: ?limit and ?after, then {"things":[...],"next":...}.
 *
 *   mf__page_begin -> each(store, page): mf__page_item for each row -> answered
 *
 * Threads:  [loop] _begin; |each| and _item on a worker thread. */
#ifndef MAYFLY_API_PAGE_H
#define MAYFLY_API_PAGE_H

#include "internal.h"

struct mf__page {
    struct mf_store_page
        rows; /* What to ask the store for: one more row than are shown says that there are more. */
    struct mf_buf body;
    const struct mf_config *config;

    /* Of page.c. */
    struct mf_store_job job;
    struct mf_api *api;
    struct mf_config *config_ref;
    struct mf_exchange *exchange; /* NULL: the client is gone. */
    const char *things;
    int (*each)(struct mf_store *store, struct mf__page *page);
    size_t count;
    char tenant[MF_STORE_TENANT_BYTES_MAX + 1];
    char after[MF_STORE_NAME_BYTES_MAX + 1];
    char last[MF_STORE_NAME_BYTES_MAX + 1];
};

/* |things| names the list ("tokens"). |tenant|: only of this one; data NULL: of all. */
void mf__page_begin(struct mf_api *api,
                    struct mf_exchange *exchange,
                    const char *things,
                    struct mf_slice tenant,
                    size_t item_bytes_max,
                    int (*each)(struct mf_store *store, struct mf__page *page));
/* 1: the row of |key| is to be written into |body|, what stands before it is there. 0: not on this page. */
MF_MUST_CHECK int mf__page_item(struct mf__page *page, struct mf_slice key);

#endif
