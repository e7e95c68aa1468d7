int policy_fault();
int main() { return policy_fault(); }
