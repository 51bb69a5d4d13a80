// Package erasure deletes and suppresses people, and keeps a record of it that cannot be changed unnoticed.
package erasure
