package show

// Must returns v, or panics with err if that is not nil. It is for cells, which have nobody to return an error to.
func Must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}
