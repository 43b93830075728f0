/// Version 5 of the schema: tags are remembered for a while once they were put on.
enum DoneTagSchema {
    static let statements = [
        "ALTER TABLE tag_tasks ADD COLUMN done_at BIGINT",
        "CREATE INDEX tag_tasks_done ON tag_tasks (done_at) WHERE state = 4",
    ]
}
