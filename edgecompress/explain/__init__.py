"""Whether models look at the same evidence: occlusion maps, their similarity, confidence."""
