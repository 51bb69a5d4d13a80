package postgres

import (
	"hash/fnv"

	"github.com/ciokit/cio"
)

// lanes is the number of lanes. It must never change: an identity must stay in the same lane for ever, whatever version enqueued its message.
const lanes = 64

// laneOf returns the lane of an identity. It is the lane of the first of these that is set: the userId, the anonymousId, the trait email in lower
// case, the groupId. A Batcher orders messages by the same rule.
func laneOf(id cio.Identity) int16 {
	for _, text := range []string{id.UserID, id.AnonymousID, id.Email, id.GroupID} {
		if text != "" {
			return int16(hashOf(text) % lanes)
		}
	}
	return 0
}

func hashOf(text string) uint32 {
	h := fnv.New32a()
	_, _ = h.Write([]byte(text)) // never fails
	sum := h.Sum32()
	return sum ^ sum>>16 // the lowest bits of FNV are weak
}

// everyLane returns all lanes.
func everyLane() []int16 {
	all := make([]int16, lanes)
	for i := range all {
		all[i] = int16(i)
	}
	return all
}
