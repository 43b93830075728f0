/// What users did in a run: the truth that the cluster's work is judged by.
actor Diary {
}
