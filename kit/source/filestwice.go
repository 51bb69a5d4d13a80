package source

import (
	"fmt"
	"os"
)

// notTwice returns an error if a file is named twice: its events would be sent twice. Two names can mean one file through a link, another spelling of
// its path, or a pattern. A name without a file is left to Open, which reports it.
func notTwice(names []string) error {
	seen := make(map[int64][]int) // by size: few files have the same size
	infos := make([]os.FileInfo, len(names))
	for i, name := range names {
		info, err := os.Stat(name)
		if err != nil {
			continue
		}
		infos[i] = info
		for _, j := range seen[info.Size()] {
			if os.SameFile(infos[j], info) {
				return sameFile(names[j], name)
			}
		}
		seen[info.Size()] = append(seen[info.Size()], i)
	}
	return nil
}

func sameFile(first, second string) error {
	problem := fmt.Sprintf("%s and %s are the same file", first, second)
	if first == second {
		problem = first + " is named twice"
	}
	return &FormatError{Problem: problem, Hint: "name it once: otherwise its rows would be read twice, and its events sent twice"}
}
