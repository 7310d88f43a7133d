# One static library for each folder of shared/. A folder's headers are
# reachable as "<folder>/<name>.h" only through a link to that library, so
# an include against the direction of the layers does not compile.
function(portaria_layer name)
	cmake_parse_arguments(ARG "" "" "SOURCES;LAYERS;PACKAGES" ${ARGN})
	if(NOT ARG_SOURCES)
		file(GLOB ARG_SOURCES CONFIGURE_DEPENDS *.c)
	endif()
	if(NOT ARG_SOURCES)
		file(WRITE ${CMAKE_CURRENT_BINARY_DIR}/empty.c
			"extern int ${name}_empty;\nint ${name}_empty;\n")
		set(ARG_SOURCES ${CMAKE_CURRENT_BINARY_DIR}/empty.c)
	endif()
	set(view ${CMAKE_BINARY_DIR}/layers/${name})
	file(MAKE_DIRECTORY ${view})
	file(CREATE_LINK ${CMAKE_CURRENT_SOURCE_DIR} ${view}/${name} SYMBOLIC)
	add_library(portaria_${name} STATIC ${ARG_SOURCES})
	target_include_directories(portaria_${name} PUBLIC ${view})
	list(TRANSFORM ARG_LAYERS PREPEND portaria_)
	target_link_libraries(portaria_${name}
		PUBLIC ${ARG_LAYERS} PkgConfig::GLIB Threads::Threads
		PRIVATE ${ARG_PACKAGES})
endfunction()

# portaria_program(<target> SOURCES ... PACKAGES ... ): a program above the
# layers. Daemons go to sbin, the command to bin.
function(portaria_program name)
	cmake_parse_arguments(ARG "" "DESTINATION" "SOURCES;PACKAGES" ${ARGN})
	if(NOT ARG_SOURCES)
		file(GLOB ARG_SOURCES CONFIGURE_DEPENDS *.c)
	endif()
	if(NOT ARG_SOURCES)
		return()
	endif()
	get_filename_component(folder ${CMAKE_CURRENT_SOURCE_DIR} NAME)
	set(view ${CMAKE_BINARY_DIR}/layers/${folder})
	file(MAKE_DIRECTORY ${view})
	file(CREATE_LINK ${CMAKE_CURRENT_SOURCE_DIR} ${view}/${folder} SYMBOLIC)
	add_executable(${name} ${ARG_SOURCES})
	target_include_directories(${name} PRIVATE ${view})
	target_link_libraries(${name} PRIVATE portaria_desk ${ARG_PACKAGES})
	install(TARGETS ${name} RUNTIME DESTINATION ${ARG_DESTINATION})
endfunction()
