/* Which of its two answers a run gives to which Accept header. */
#include "accept.h"
#include "check.h"

static bool wants(const char *accept, bool is_standard)
{
    return mf__accept_wants_json(mf_slice_of_cstr(accept), is_standard);
}

/* Whatever the form is. */
static void check_always(const char *accept, bool is_json)
{
    MF_CHECK(wants(accept, true) == is_json && wants(accept, false) == is_json);
}

static void check_form_decides(const char *accept)
{
    MF_CHECK(wants(accept, true) && !wants(accept, false));
}

static void without_a_preference_the_form_decides(void)
{
    check_form_decides("");
    check_form_decides("*/*");
    check_form_decides("application/*");
    check_form_decides(" , ,");
    check_form_decides("application/json, text/plain, */*"); /* axios */
    check_form_decides("text/html;q=0.5,application/json;q=0.5");
}

static void the_heavier_one_wins(void)
{
    check_always("application/json", true);
    check_always("Application/JSON ; charset=utf-8", true);
    check_always("application/json;q=0.9, */*;q=0.1", true);
    check_always("text/plain;q=0.2, application/json;q=0.25", true);
    check_always("text/plain", false);
    check_always("application/problem+json", false);
    check_always("text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", false);
    check_always("text/html, application/json;q=0.9", false);
    check_always("application/json;q=0, */*", false);
    check_always("application/json;Q=0.5,text/plain", false);
}

static void what_is_no_weight_counts_as_one(void)
{
    check_form_decides("application/json;q=x, text/plain");
    check_form_decides("application/json;q=, text/plain");
    check_form_decides("application/json;q=1.0000, text/plain;q=9");
    check_form_decides("application/json;q=99999999999999999999, text/plain");
    check_always("application/json;q=0.000, text/plain;q=0.001", false);
}

int main(void)
{
    MF_RUN(without_a_preference_the_form_decides);
    MF_RUN(the_heavier_one_wins);
    MF_RUN(what_is_no_weight_counts_as_one);
    return 0;
}
