* Encoding: UTF-8.
* Reads results.csv with the codes as text, so that 0241 stays 0241.
* Name your own columns in front in their order, A250 for texts of up to 250 bytes.
* A file with semicolons or tabs: write DELIMITERS=";" or DELIMITERS="\t".
GET DATA /TYPE=TXT /FILE="results.csv" /ENCODING="UTF8"
  /ARRANGEMENT=DELIMITED /DELIMITERS="," /QUALIFIER='"' /FIRSTCASE=2
  /VARIABLES=
    id A20 job_title A250 main_tasks A500
    occupation_code A12 occupation_label A250 occupation_level F2.0
    occupation_confidence F6.4 occupation_status A16
    occupation_alt1_code A12 occupation_alt1_label A250 occupation_alt1_confidence F6.4
    occupation_alt2_code A12 occupation_alt2_label A250 occupation_alt2_confidence F6.4
    occupation_alt3_code A12 occupation_alt3_label A250 occupation_alt3_confidence F6.4
    occupation_model A60.
EXECUTE.
FREQUENCIES VARIABLES=occupation_status.
