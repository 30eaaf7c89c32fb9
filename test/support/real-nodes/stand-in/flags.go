package main

import "strings"

// flags has the values by name. A flag without a value has an empty one.
type flags map[string]string

// parseFlags takes every flag, known or not: the arguments are those of the programs that the stand-in stands for.
func parseFlags(arguments []string) flags {
	found := flags{}
	for _, argument := range arguments {
		if name, value, _ := strings.Cut(argument, "="); strings.HasPrefix(name, "-") {
			found[strings.TrimLeft(name, "-")] = value
		}
	}
	return found
}

func (f flags) has(name string) bool {
	_, ok := f[name]
	return ok
}
