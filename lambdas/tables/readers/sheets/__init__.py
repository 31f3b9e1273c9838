"""What a workbook is read with: its zip, its XML, its texts and number formats."""
