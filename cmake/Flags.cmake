# Compiler flags for every target: warnings that both gcc and clang know,
# hardening, and the sanitizers chosen with PORTARIA_SANITIZE.
include(CheckCCompilerFlag)

set(CMAKE_C_STANDARD 17)
set(CMAKE_C_STANDARD_REQUIRED ON)
set(CMAKE_C_EXTENSIONS OFF)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)
if(NOT CMAKE_BUILD_TYPE)
	set(CMAKE_BUILD_TYPE RelWithDebInfo)
endif()

# Asserts stay on: they mark bugs, and a bug must not go on silently.
set(CMAKE_C_FLAGS_RELWITHDEBINFO "-O2 -g")
set(CMAKE_C_FLAGS_RELEASE "-O2")

add_compile_definitions(_GNU_SOURCE)
add_compile_options(-Wall -Wextra -Wformat=2 -Wshadow -Wpointer-arith
	-Wmissing-prototypes -Wstrict-prototypes -Wvla -Wundef
	-Wimplicit-fallthrough -Wnull-dereference -Wdouble-promotion
	-Wwrite-strings -Wcast-qual -Wconversion -Wsign-conversion)
if(CMAKE_C_COMPILER_ID STREQUAL "GNU")
	add_compile_options(-Wlogical-op -Wduplicated-cond
		-Wduplicated-branches -Wformat-signedness)
endif()
if(PORTARIA_WERROR)
	add_compile_options(-Werror)
endif()

add_compile_options(-fstack-protector-strong -fno-common)
foreach(flag -fstack-clash-protection -fcf-protection
	-ftrivial-auto-var-init=zero)
	string(MAKE_C_IDENTIFIER "HAVE${flag}" have)
	check_c_compiler_flag(${flag} ${have})
	if(${have})
		add_compile_options(${flag})
	endif()
endforeach()
add_link_options(-pie -Wl,-z,relro,-z,now,-z,noexecstack)

if(PORTARIA_SANITIZE)
	add_compile_options(-fsanitize=${PORTARIA_SANITIZE}
		-fno-omit-frame-pointer -fno-sanitize-recover=all)
	add_link_options(-fsanitize=${PORTARIA_SANITIZE})
elseif(NOT CMAKE_BUILD_TYPE STREQUAL "Debug")
	add_compile_options(-U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=3)
endif()
