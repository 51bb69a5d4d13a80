// Package apitest holds nothing but tests: they compare what every package of this library exports with the files in the directory api, so that a name
// which others write is changed on purpose alone.
package apitest
