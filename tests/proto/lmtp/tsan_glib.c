/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * tsan_glib.c - tells ThreadSanitizer of GLib's locks
 *
 * GLib is not instrumented and its mutexes are futexes of its own, so every
 * use of one looks like a race. Preloaded (LD_PRELOAD) into a program built
 * with -fsanitize=thread.
 */
#include <dlfcn.h>
#include <glib.h>

void __tsan_acquire(void *address);
void __tsan_release(void *address);

/* The function that this one stands before. */
#define NEXT(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))

void g_mutex_lock(GMutex *mutex)
{
	NEXT(g_mutex_lock)(mutex);
	__tsan_acquire(mutex);
}

gboolean g_mutex_trylock(GMutex *mutex)
{
	gboolean locked = NEXT(g_mutex_trylock)(mutex);

	if (locked)
		__tsan_acquire(mutex);
	return locked;
}

void g_mutex_unlock(GMutex *mutex)
{
	__tsan_release(mutex);
	NEXT(g_mutex_unlock)(mutex);
}

void g_cond_wait(GCond *cond, GMutex *mutex)
{
	__tsan_release(mutex);
	NEXT(g_cond_wait)(cond, mutex);
	__tsan_acquire(mutex);
}

gboolean g_cond_wait_until(GCond *cond, GMutex *mutex, gint64 end)
{
	gboolean signalled;

	__tsan_release(mutex);
	signalled = NEXT(g_cond_wait_until)(cond, mutex, end);
	__tsan_acquire(mutex);
	return signalled;
}

void g_bytes_unref(GBytes *bytes)
{
	if (bytes != NULL) {
		__tsan_release(bytes);
		__tsan_acquire(bytes);
	}
	NEXT(g_bytes_unref)(bytes);
}
