"""What the programs that measure on labelled real pictures share; pictures and labels are always arguments, never kept."""
