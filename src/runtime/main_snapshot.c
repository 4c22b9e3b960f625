/* mayfly-mksnapshot OUT: runs the runtime's eager scripts once, at build time, and writes what V8 starts from. */
#include <stdio.h>
#include <string.h>

#include <mayfly/runtime.h>

static int write_file(const char *path, const struct mf_buf *blob)
{
    FILE *file = fopen(path, "wbe");
    if (!file) {
        return -1;
    }
    size_t written = fwrite(blob->data, 1, blob->size, file);
    int rc = fclose(file);
    return written == blob->size && rc == 0 ? 0 : -1;
}

int main(int argc, char **argv)
{
    struct mf_buf blob;

    if (argc != 2) {
        fprintf(stderr, "usage: %s OUT\n", argv[0]);
        return 2;
    }
    mf_buf_init(&blob, MF_SNAPSHOT_BYTES_MAX);
    int rc = mf_engine_make_snapshot(&mf_runtime_program, &blob);
    if (rc < 0) {
        fprintf(stderr, "%s: %s\n", argv[0], mf_error_message(rc));
        return 1;
    }
    if (write_file(argv[1], &blob) < 0) {
        perror(argv[1]);
        return 1;
    }
    return 0;
}
