# cmake -DIN=<file> -DOUT=<file.c> -DNAME=<symbol> -P embed.cmake
# Writes a text file as a C constant that ends with a NUL.
file(READ ${IN} hex HEX)
string(REGEX REPLACE "([0-9a-f][0-9a-f])" "0x\\1," bytes "${hex}")
string(REGEX REPLACE "(................................................................................)"
	"\\1\n\t" bytes "${bytes}")
get_filename_component(base ${IN} NAME)
file(WRITE ${OUT} "/* Made from ${base}. */\n"
	"extern const char ${NAME}[];\n"
	"const char ${NAME}[] = {\n\t${bytes}0\n};\n")
