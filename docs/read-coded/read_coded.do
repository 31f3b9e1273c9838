* Reads results.csv with the codes as text, so that 0241 stays 0241. Stata 14 or newer.
local topic "occupation"
import delimited using "results.csv", clear encoding("utf-8") varnames(1) stringcols(_all) ///
    case(preserve) bindquotes(strict) maxquotedrows(unlimited)
foreach number in level confidence alt1_confidence alt2_confidence alt3_confidence {
    capture destring `topic'_`number', replace
}
tabulate `topic'_status
* A file with semicolons or tabs: add delimiters(";") or delimiters("\t").
