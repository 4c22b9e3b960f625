/* replay.c - main() for fuzz targets in ordinary builds: every file of the folders on the command line, in turn. */
#include <dirent.h>
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define INPUT_BYTES_MAX 4194304 /* bytes: libFuzzer's own corpora stay far below */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int replay_file(const char *path)
{
    FILE *file = fopen(path, "rb");
    uint8_t *data = malloc(INPUT_BYTES_MAX);
    uint8_t *exact;
    size_t size;

    if (file == NULL || data == NULL) {
        fprintf(stderr, "%s: %s\n", path, strerror(errno));
        exit(1);
    }
    size = fread(data, 1, INPUT_BYTES_MAX, file);
    fclose(file);
    exact =
        malloc(size > 0 ? size : 1); /* Its own size, so that a sanitizer sees a byte read past the end. */
    if (exact == NULL) {
        exit(1);
    }
    memcpy(exact, data, size);
    free(data);
    LLVMFuzzerTestOneInput(exact, size);
    free(exact);
    return 1;
}

static int replay_folder(const char *folder)
{
    DIR *dir = opendir(folder);
    struct dirent *entry;
    int count = 0;

    if (dir == NULL) {
        return 0; /* No regression yet. */
    }
    while ((entry = readdir(dir)) != NULL) {
        char path[4096];
        if (entry->d_name[0] == '.') {
            continue;
        }
        snprintf(path, sizeof(path), "%s/%s", folder, entry->d_name);
        count += replay_file(path);
    }
    closedir(dir);
    return count;
}

int main(int argc, char **argv)
{
    int count = 0;

    for (int i = 1; i < argc; i++) {
        count += replay_folder(argv[i]);
    }
    printf("replayed %d inputs\n", count);
    return count > 0 ? 0 : 1; /* A corpus that got lost is a failure. */
}
