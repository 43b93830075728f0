import ServiceLifecycle

extension Task where Success == Never, Failure == Never {
    /// Whether the current task should take up nothing new: it was cancelled, or its service shuts down.
    static var isStopping: Bool { isCancelled || isShuttingDownGracefully }
}
