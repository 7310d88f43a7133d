# Every message becomes a record: the real portaria-lmtpd on the corpus and
# on messages made to hurt. Without the corpus the latter only.
if(PORTARIA_SANITIZE)
	set(mail_intake_slowest 60)
else()
	set(mail_intake_slowest 4)
endif()
add_test(NAME conformance/mail_intake
	COMMAND /usr/bin/python3 -B ${CMAKE_CURRENT_LIST_DIR}/mail_intake.py)
set_tests_properties(conformance/mail_intake PROPERTIES TIMEOUT 1800
	RUN_SERIAL ON
	ENVIRONMENT "PORTARIA_LMTPD=$<TARGET_FILE:portaria-lmtpd>;PORTARIA_LMTP_TOOL=$<TARGET_FILE:lmtp_tool>;PORTARIA_FAKEDNS=$<TARGET_FILE:fakedns>;PORTARIA_CLI=$<TARGET_FILE:portaria>;PORTARIA_SOURCE=${PROJECT_SOURCE_DIR};PORTARIA_SLOWEST=${mail_intake_slowest}")
