/* V8 keeps the heap pages that an isolate gives up in a pool of the whole process, and gives them to the next isolate as
 * they are: with the bytes of one run, counted to another. The linker puts this in the pool's place (cmake/v8.cmake,
 * --wrap), so that each page goes to our own allocator, which counts, wipes and recycles it. In a V8 without this
 * function nothing is replaced, and the unit test engine_recycle says so.
 */

/* V8's own: what a page needs before it is freed for good. */
extern "C" void
mf_v8_page_release(void *page) __asm__("_ZN2v88internal19MutablePageMetadata25ReleaseAllAllocatedMemoryEv");
extern "C" void mf_v8_page_delete(void *page) __asm__(
    "_ZN2v88internal15MemoryAllocator17DeleteMemoryChunkEPNS0_19MutablePageMetadataE");

/* v8::internal::PagePool::Add(Isolate *, MutablePageMetadata *) */
extern "C" void mf_v8_page_pool_add(void *pool, void *isolate, void *page) __asm__(
    "__wrap__ZN2v88internal8PagePool3AddEPNS0_7IsolateEPNS0_19MutablePageMetadataE");

extern "C" void mf_v8_page_pool_add(void *, void *, void *page)
{
    mf_v8_page_release(page);
    mf_v8_page_delete(page);
}
