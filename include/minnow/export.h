/* MINNOW_API marks what the library exports; everything else is hidden. */
#ifndef MINNOW_EXPORT_H
#define MINNOW_EXPORT_H

#if defined(_WIN32) && defined(MINNOW_SHARED)
#ifdef MINNOW_BUILDING
#define MINNOW_API __declspec(dllexport)
#else
#define MINNOW_API __declspec(dllimport)
#endif
#elif defined(__GNUC__)
#define MINNOW_API __attribute__((visibility("default")))
#else
#define MINNOW_API
#endif

#endif /* MINNOW_EXPORT_H */
