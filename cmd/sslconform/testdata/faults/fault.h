/*
 * fault.h - what the faults share.
 *
 * Each fault is a library to be preloaded: it puts itself before one libssl function and makes that lie.
 * It does so only while SSLCONFORM_FAULT is set, so that a run with it unarmed shows that the mere
 * detour does no harm. libssl may call these functions itself; there too the fault takes effect, or
 * not, depending on how that libssl was linked.
 */
#ifndef FAULT_H
#define FAULT_H

#ifndef _GNU_SOURCE
# define _GNU_SOURCE
#endif
#include <dlfcn.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/err.h>
#include <openssl/ssl.h>

#ifndef SSL_CTRL_SET_TLSEXT_TICKET_KEY_CB /* may be hidden as deprecated */
# define SSL_CTRL_SET_TLSEXT_TICKET_KEY_CB 72
#endif

#define ARMED (getenv("SSLCONFORM_FAULT") != NULL)

/* The function that the fault stands before. */
#define REAL(function) ((__typeof__(function) *)dlsym(RTLD_NEXT, #function))

#endif
