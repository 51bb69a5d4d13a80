// Package apitest contains only tests. They compare the exported names of every package of this library with the files in the directory api, so that
// a name that other code uses is never changed by accident.
package apitest
