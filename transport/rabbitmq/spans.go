package rabbitmq

import "slices"

// span is a run of delivery tags, both ends included.
type span struct{ lo, hi uint64 }

// spans is a set of delivery tags as disjoint runs in ascending order, none
// touching the next. Only deliveries in hand make gaps, so there are at most
// one more than those.
type spans []span

// add puts tag, which is not in the set, into it.
func (s *spans) add(tag uint64) {
	list := *s
	// New tags are near the end.
	i := len(list)
	for i > 0 && list[i-1].lo > tag {
		i--
	}
	left := i > 0 && list[i-1].hi+1 == tag
	right := i < len(list) && list[i].lo == tag+1
	switch {
	case left && right:
		list[i-1].hi = list[i].hi
		list = slices.Delete(list, i, i+1)
	case left:
		list[i-1].hi = tag
	case right:
		list[i].lo = tag
	default:
		list = slices.Insert(list, i, span{tag, tag})
	}
	*s = list
}

// head is the highest tag up to which all tags, from 1 on, are in the set.
func (s spans) head() uint64 {
	if len(s) == 0 || s[0].lo != 1 {
		return 0
	}
	return s[0].hi
}
