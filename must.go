package cio

// Must returns v. It panics with err if that is not nil. It is for what cannot go wrong, or what nothing can go on without: the variables of
// a package, the cells of a notebook, examples.
func Must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}
