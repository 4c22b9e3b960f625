#include "progress.h"

#define EVERY_NS (MF_NS_PER_S / 10)
#define AFTER_NS (3 * MF_NS_PER_S / 10) /* Shorter ones would only flicker. */
#define BAR_CHARS 24

void mf_cli_size_text(uint64_t bytes, char *ret_text)
{
    static const char *const units[] = {"KiB", "MiB", "GiB", "TiB"};
    double size = (double)bytes / 1024;
    size_t unit = 0;

    if (bytes < 1024) {
        (void)snprintf(ret_text, MF_CLI_SIZE_TEXT_BYTES, "%llu B", (unsigned long long)bytes);
        return;
    }
    for (; size >= 1024 && unit + 1 < MF_COUNT_OF(units); unit++) {
        size /= 1024;
    }
    (void)snprintf(ret_text, MF_CLI_SIZE_TEXT_BYTES, "%.1f %s", size, units[unit]);
}

void mf_cli_progress_begin(struct mf_cli_progress *progress,
                           const struct mf_cli_output *output,
                           uint64_t bytes_total,
                           uint64_t files_total)
{
    *progress = (struct mf_cli_progress){.output = output->is_err_terminal ? output : NULL,
                                         .begin_ns = mf_clock_now_ns(),
                                         .bytes_total = bytes_total,
                                         .files_total = files_total};
}

/* "[=====>     ]  45 % ", or nothing when it is not known how much there will be. */
static void draw_bar(const struct mf_cli_progress *progress)
{
    uint64_t total = progress->bytes_total > 0 ? progress->bytes_total : progress->files_total;
    uint64_t done = progress->bytes_total > 0 ? progress->bytes : progress->files;
    char bar[BAR_CHARS + 1];
    double part;

    if (total == 0) {
        return;
    }
    part = done >= total ? 1 : (double)done / (double)total;
    for (int i = 0; i < BAR_CHARS; i++) {
        bar[i] = i < (int)(part * BAR_CHARS) ? '=' : i == (int)(part * BAR_CHARS) ? '>' : ' ';
    }
    bar[BAR_CHARS] = '\0';
    (void)fprintf(progress->output->err, "[%s] %3.0f %%  ", bar, part * 100);
}

static void draw(struct mf_cli_progress *progress, uint64_t now_ns)
{
    FILE *err = progress->output->err;
    double seconds = (double)(now_ns - progress->begin_ns) / (double)MF_NS_PER_S;
    double rate = (double)progress->bytes / seconds;
    char done[MF_CLI_SIZE_TEXT_BYTES];
    char per_second[MF_CLI_SIZE_TEXT_BYTES];

    mf_cli_size_text(progress->bytes, done);
    mf_cli_size_text((uint64_t)rate, per_second);
    (void)fputs("\r", err);
    draw_bar(progress);
    if (progress->files_total > 0) {
        (void)fprintf(err, "%llu/%llu files  ", (unsigned long long)progress->files,
                      (unsigned long long)progress->files_total);
    }
    (void)fprintf(err, "%s  %s/s", done, per_second);
    if (progress->bytes_total > progress->bytes && rate >= 1) {
        uint64_t left_s = (uint64_t)((double)(progress->bytes_total - progress->bytes) / rate);
        (void)fprintf(err, "  %llu:%02llu left", (unsigned long long)(left_s / 60),
                      (unsigned long long)(left_s % 60));
    }
    (void)fputs("\033[K", err);
    (void)fflush(err);
    progress->is_shown = true;
    progress->shown_ns = now_ns;
}

void mf_cli_progress_add(struct mf_cli_progress *progress, uint64_t bytes, uint64_t files)
{
    uint64_t now_ns;

    progress->bytes += bytes;
    progress->files += files;
    if (progress->output == NULL) {
        return;
    }
    now_ns = mf_clock_now_ns();
    if (now_ns - progress->begin_ns >= AFTER_NS && now_ns - progress->shown_ns >= EVERY_NS) {
        draw(progress, now_ns);
    }
}

void mf_cli_progress_clear(struct mf_cli_progress *progress)
{
    if (progress->is_shown) {
        (void)fputs("\r\033[K", progress->output->err);
        (void)fflush(progress->output->err);
        progress->is_shown = false;
    }
}
