# Libraries from the distribution. Each is linked PRIVATE to the one folder
# that may see its headers (DESIGN, section 3).
find_package(PkgConfig REQUIRED)
find_package(Threads REQUIRED)

pkg_check_modules(GLIB REQUIRED IMPORTED_TARGET glib-2.0>=2.74 gio-2.0
	gio-unix-2.0)
pkg_check_modules(GMIME REQUIRED IMPORTED_TARGET gmime-3.0)
pkg_check_modules(GUMBO REQUIRED IMPORTED_TARGET gumbo)
pkg_check_modules(YTNEF REQUIRED IMPORTED_TARGET libytnef)
pkg_check_modules(MAGIC REQUIRED IMPORTED_TARGET libmagic)
pkg_check_modules(IDN2 REQUIRED IMPORTED_TARGET libidn2)
pkg_check_modules(PSL REQUIRED IMPORTED_TARGET libpsl)
pkg_check_modules(OPENDKIM REQUIRED IMPORTED_TARGET opendkim)
pkg_check_modules(CRYPTO REQUIRED IMPORTED_TARGET libcrypto>=3.0)
pkg_check_modules(SQLITE REQUIRED IMPORTED_TARGET sqlite3>=3.40)
pkg_check_modules(CURL REQUIRED IMPORTED_TARGET libcurl)
pkg_check_modules(JSON REQUIRED IMPORTED_TARGET json-glib-1.0)
pkg_check_modules(SECCOMP REQUIRED IMPORTED_TARGET libseccomp)

# These two come without a pkg-config file on Debian 12.
function(portaria_find_plain target library header)
	find_library(${target}_LIBRARY ${library} REQUIRED)
	find_path(${target}_INCLUDE ${header} REQUIRED)
	add_library(portaria::${target} INTERFACE IMPORTED)
	target_link_libraries(portaria::${target} INTERFACE ${${target}_LIBRARY})
	target_include_directories(portaria::${target} SYSTEM INTERFACE
		${${target}_INCLUDE})
endfunction()
portaria_find_plain(unbound unbound unbound.h)
portaria_find_plain(spf2 spf2 spf2/spf.h)
portaria_find_plain(milter milter libmilter/mfapi.h)
