/* What replaced.cc keeps of V8's tables between two isolates. */
#ifndef MAYFLY_ENGINE_REPLACED_H
#define MAYFLY_ENGINE_REPLACED_H

/* [any] The kept segments stay V8's to take, but without memory. */
void mf_v8_table_trim();

#endif
