/* works.h - the functions of works.def. */
#ifndef MAYFLY_TESTS_JAIL_WORKS_H
#define MAYFLY_TESTS_JAIL_WORKS_H

#define WORKS(name) long works_##name(void);
#include "works.def"
#undef WORKS

#endif
