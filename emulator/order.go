package emulator

import (
	"cmp"
	"slices"
)

// order lists things in the order of their creation, for paging through them.
// What is deleted leaves a gap until there are many.
type order[T any] struct {
	list []place[T]
	gaps int
}

type place[T any] struct {
	number uint64
	thing  *T // nil for a gap
}

// add appends a thing, whose number must be above all before.
func (o *order[T]) add(number uint64, thing *T) {
	o.list = append(o.list, place[T]{number, thing})
}

// index returns where the first thing is whose number is not below number.
func (o *order[T]) index(number uint64) int {
	i, _ := slices.BinarySearchFunc(o.list, number, func(p place[T], number uint64) int {
		return cmp.Compare(p.number, number)
	})
	return i
}

func (o *order[T]) remove(number uint64) {
	i := o.index(number)
	if i == len(o.list) || o.list[i].number != number {
		return
	}
	o.list[i].thing = nil
	if o.gaps++; o.gaps > 64 && o.gaps > len(o.list)/2 {
		o.list = slices.DeleteFunc(o.list, func(p place[T]) bool { return p.thing == nil })
		o.gaps = 0
	}
}

// newest yields up to limit things that keep accepts, or all if limit is not
// above 0, newest first. Their numbers are below before; if before is 0, it
// starts from the last. It returns the number from which to continue, or 0 if
// there is no more.
func (o *order[T]) newest(before uint64, limit int, keep func(*T) bool) (found []*T, next uint64) {
	i := len(o.list)
	if before > 0 {
		i = o.index(before)
	}
	for i--; i >= 0; i-- {
		p := o.list[i]
		if p.thing == nil || keep != nil && !keep(p.thing) {
			continue
		}
		if limit > 0 && len(found) == limit {
			return found, o.list[i].number + 1
		}
		found = append(found, p.thing)
	}
	return found, 0
}
