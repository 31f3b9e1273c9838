# Reads results.csv with the codes as text, so that 0241 stays 0241. Base R, nothing to install.
topic <- "occupation"
coded <- read.csv("results.csv", colClasses = "character", check.names = FALSE,
                  fileEncoding = "UTF-8-BOM", na.strings = character(0))
numbers <- grep(paste0("^", topic, "_(level|confidence|alt[1-3]_confidence)$"), names(coded))
coded[numbers] <- lapply(coded[numbers], as.numeric)
print(table(coded[[paste0(topic, "_status")]]))
# A file with semicolons or tabs: add sep = ";" or sep = "\t".
